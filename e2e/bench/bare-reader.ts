import { randomBytes } from 'node:crypto'
import type { Client } from 'pg'
import { LogicalReplicationService, type Pgoutput, PgoutputPlugin } from 'pg-logical-replication'
import { Arrivals } from './arrivals.ts'

export interface BareReader {
  arrivals: Arrivals
  close(): Promise<void>
}

const PUBLICATION = 'electric_publication_default'

/** As early as any program can see a commit: the rows inserted into a table, from a replication slot of its own. */
export async function openBareReader(databaseUrl: string, table: string): Promise<BareReader> {
  const service = new LogicalReplicationService({ connectionString: databaseUrl })
  const plugin = new TemporarySlotPlugin({ protoVersion: 1, publicationNames: [PUBLICATION] })
  const arrivals = new Arrivals('a bare logical-replication reader')
  service.on('data', (_lsn, message: Pgoutput.Message) => {
    if (message.tag === 'insert' && message.relation.name === table) arrivals.record(message.new.id)
  })
  await new Promise<void>((resolve, reject) => {
    service.on('error', reject)
    service.on('start', resolve)
    service.subscribe(plugin, `bench_${randomBytes(4).toString('hex')}`).catch(reject)
  })
  return {
    arrivals,
    close: async () => {
      await service.destroy()
    },
  }
}

/** Made on the connection that reads it, so it goes with it and retains nothing. */
class TemporarySlotPlugin extends PgoutputPlugin {
  override async start(client: Client, slot: string): Promise<unknown> {
    const { rows } = await client.query<{ consistent_point: string }>(
      `CREATE_REPLICATION_SLOT "${slot}" TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`,
    )
    return super.start(client, slot, rows[0]?.consistent_point ?? '0/0')
  }
}
