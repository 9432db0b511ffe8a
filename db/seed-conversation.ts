/** What the seeded people say: enough of everything for a first look at the screen. */

export type Speaker = 'ada' | 'ben'

export interface SeedMessage {
  by: Speaker
  text: string
  /** Minutes after the message before. */
  after?: number
  mentions?: Speaker[]
  edited?: boolean
  removed?: boolean
}

export interface SeedToolEvent {
  tool_name: string
  arguments: unknown
  outcome: { result: unknown } | { error: string } | 'executing'
  took?: number
}

export interface SeedThread {
  title: string
  mode: 'session' | 'general'
  archived?: boolean
  messages: SeedMessage[]
  toolEvents?: SeedToolEvent[]
}

export interface SeedSession {
  title: string
  members: Speaker[]
  threads: SeedThread[]
}

const CODE = [
  'The pool is created per request, so it is never warm:',
  '',
  '```ts',
  'export async function handler(request: Request) {',
  '  const pool = createPool({ max: 20 }) // here',
  '  return respond(await pool.query(orderOf(request)))',
  '}',
  '```',
  '',
  'Moving it to the module makes it one pool per process.',
].join('\n')

const TABLE = [
  '| | before | after |',
  '|---|---|---|',
  '| p50 | 212 ms | 18 ms |',
  '| p99 | 30 s | 95 ms |',
].join('\n')

export const SEED_SESSIONS: SeedSession[] = [
  {
    title: 'Checkout times out under load',
    members: ['ada', 'ben'],
    threads: [
      {
        title: 'General',
        mode: 'general',
        messages: [
          { by: 'ada', text: 'The agent spent **forty minutes** on this and gave up. Can we find out why?' },
          {
            by: 'ben',
            text: 'Reading it now. It starts well: it reproduces the timeout with 50 clients.',
            after: 6,
          },
          { by: 'ben', text: 'Then it raises the timeout instead of looking at the pool :(' },
          { by: 'ada', text: '@Ben that is the rule we wrote down last week, is it not?', mentions: ['ben'] },
          {
            by: 'ben',
            text: 'It is: *“no raised timeout to make a test pass”*. It never read the file.',
            after: 3,
          },
          { by: 'ada', text: 'So the rule has to be where it cannot be missed.', after: 1200 },
          { by: 'ben', text: 'I will write the hook today.', edited: true },
        ],
      },
      {
        title: 'What is slow',
        mode: 'session',
        messages: [
          { by: 'ben', text: CODE },
          {
            by: 'ada',
            text: 'Oh. And with `max: 20` each, fifty requests want 1,000 connections.',
            after: 4,
          },
          { by: 'ada', text: 'wrong window, sorry', removed: true },
          { by: 'ben', text: TABLE, after: 45 },
          { by: 'ada', text: 'That is it. Thank you!', after: 2 },
        ],
        toolEvents: [
          {
            tool_name: 'search',
            arguments: { query: 'createPool' },
            outcome: { result: { matches: 3 } },
            took: 412,
          },
          {
            tool_name: 'run',
            arguments: { command: 'npm test -- checkout' },
            outcome: { error: 'Exit code 1: 2 of 41 tests failed' },
            took: 18_230,
          },
          { tool_name: 'run', arguments: { command: 'npm test -- checkout' }, outcome: 'executing' },
        ],
      },
      {
        title: 'First attempt',
        mode: 'session',
        archived: true,
        messages: [{ by: 'ada', text: 'Archived: this was before we had the log.' }],
      },
    ],
  },
  {
    title: 'Dates in the export are a day early',
    members: ['ben', 'ada'],
    threads: [
      {
        title: 'General',
        mode: 'general',
        messages: [
          { by: 'ben', text: 'Only west of Greenwich. Guess three times.' },
          { by: 'ben', text: 'The fix is one line, the test for it is twenty. I kept both.', after: 90 },
        ],
      },
    ],
  },
  { title: 'Notes', members: ['ada'], threads: [{ title: 'General', mode: 'general', messages: [] }] },
]
