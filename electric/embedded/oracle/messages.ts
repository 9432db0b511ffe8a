import { must } from './violation.ts'

export type Row = Readonly<Record<string, string | null>>

export interface Change {
  readonly key: string
  readonly value: Row
  readonly old_value?: Row
  readonly headers: {
    readonly operation: 'insert' | 'update' | 'delete'
    readonly relation: readonly [string, string]
    readonly txids?: readonly number[]
    readonly lsn?: string
    readonly op_position?: number
    readonly last?: boolean
    readonly key_change_to?: string
    readonly key_change_from?: string
  }
}

export interface Control {
  readonly headers: {
    readonly control: 'up-to-date' | 'snapshot-end' | 'must-refetch'
    readonly global_last_seen_lsn?: string
    readonly xmin?: string
    readonly xmax?: string
    readonly xip_list?: readonly string[]
  }
}

export type Message = Change | Control

export function isChange(message: Message): message is Change {
  return 'key' in message
}

export function isUpToDateMessage(message: Message): boolean {
  return !isChange(message) && message.headers.control === 'up-to-date'
}

/** @throws Violation when it is no message of the protocol */
export function readMessage(value: unknown): Message {
  must(typeof value === 'object' && value !== null && 'headers' in value, 'a message has headers', value)
  const { headers } = value
  must(typeof headers === 'object' && headers !== null, 'headers are an object', value)
  must('control' in headers !== 'operation' in headers, 'a message is a change or a control message', value)
  must('operation' in headers === 'key' in value, 'changes alone have keys', value)
  must(!('key' in value) || ('value' in value && isRow(value.value)), 'values are texts or null', value)
  return value as Message // what its readers rely on beyond this, they check
}

function isRow(value: unknown): value is Row {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).every((each) => each === null || typeof each === 'string')
}
