import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DefinitionRequest, ShapeDefinition } from '../catalog/shape-definition.ts'
import { Engine } from '../engine.ts'
import type { Body } from '../http/body.ts'
import type { SubsetParams } from '../http/subset-params.ts'
import { type ElectricOptions, withDefaults } from '../options.ts'
import type { ChangeMessage, TestDatabase } from '../testing.ts'
import { checkSubset } from './index.ts'
import { NOTHING } from './testing.ts'

export interface SubsetAnswer {
  readonly metadata: {
    readonly snapshot_mark: number
    readonly database_lsn: string
    readonly xmin: string
    readonly xmax: string
    readonly xip_list: readonly string[]
  }
  readonly data: readonly ChangeMessage[]
}

export type ShapeOf = Partial<Omit<DefinitionRequest, 'table'>> & { readonly table: string }

/** Subsets as the engine gives them, without HTTP. */
export interface Subsets {
  /** Where large answers stand. */
  readonly folder: string
  define(shape: ShapeOf): Promise<ShapeDefinition>
  run(definition: ShapeDefinition, subset: Partial<SubsetParams>, signal?: AbortSignal): Promise<Body | null>
  askOf(definition: ShapeDefinition, subset: Partial<SubsetParams>): Promise<SubsetAnswer>
  ask(shape: ShapeOf, subset: Partial<SubsetParams>): Promise<SubsetAnswer>
  /** As if a transaction had just come through the stream. */
  streamed(xid: number): void
  close(): Promise<void>
}

export async function openSubsets(
  database: TestDatabase,
  options: Partial<ElectricOptions> = {},
): Promise<Subsets> {
  const folder = await mkdtemp(join(tmpdir(), 'subsets-'))
  const engine = new Engine(
    withDefaults({ databaseUrl: database.electricUrl, secret: null, storageDir: folder, ...options }),
  )
  engine.start()
  await engine.ready
  const define = async ({ table, ...rest }: ShapeOf) =>
    engine.resolver.resolve({ ...WHOLE, ...rest, table: { schema: 'public', name: table } })
  const run: Subsets['run'] = async (definition, subset, signal = new AbortController().signal) =>
    engine.subset(definition, await checkSubset({ ...NOTHING, ...subset }, definition), signal)
  const askOf: Subsets['askOf'] = async (definition, subset) => parse(await run(definition, subset))
  return {
    folder,
    define,
    run,
    askOf,
    ask: async (shape, subset) => askOf(await define(shape), subset),
    streamed: (xid) => engine.recent.add(xid),
    close: async () => {
      await engine.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const WHOLE = {
  where: null,
  params: new Map(),
  columns: null,
  queryableColumns: null,
  replica: 'default',
  log: 'changes_only',
} as const

async function parse(body: Body | null): Promise<SubsetAnswer> {
  if (!body) throw new Error('There is no answer.')
  const parts: Buffer[] = Buffer.isBuffer(body) ? [body] : []
  if (!Buffer.isBuffer(body)) for await (const part of body.open()) parts.push(part)
  return JSON.parse(Buffer.concat(parts).toString())
}
