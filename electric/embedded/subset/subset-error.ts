import { ProtocolError } from '../http/protocol-error.ts'

export type SubsetField = 'where' | 'order_by' | 'limit' | 'offset' | 'params'

/** 400 with the messages of one of the subset's parameters. */
export function subsetError(field: SubsetField, ...messages: string[]): ProtocolError {
  return subsetErrors({ [field]: messages })
}

export function subsetErrors(errors: Readonly<Record<string, string | readonly string[]>>): ProtocolError {
  return new ProtocolError(400, { message: 'Invalid request', errors: { subset: errors } })
}
