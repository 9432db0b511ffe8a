import { followInserts } from '../../bare-reader.ts'
import { Answers, type Seen } from '../../processes/answers.ts'
import { serveCalls } from '../../processes/calls.ts'
import { TABLE } from '../measured-table.ts'

// As early as any Node program can see a commit.

const answers = new Answers()

const calls = {
  open: async (databaseUrl: string, publication: string) => {
    await followInserts(databaseUrl, publication, TABLE, ({ client_message_id: marker }) => {
      if (marker) answers.record([marker])
    })
  },
  /** The next so many commits, as far as they have not been taken yet. */
  take: (count: number): Promise<Seen[]> => answers.take(count),
}

export type ListenerCalls = typeof calls

serveCalls(calls)
