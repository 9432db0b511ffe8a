import { expect, test } from 'playwright/test'
import { v7 as uuidv7 } from 'uuid'
import { createSession, createThread, mutate, type Person, request, signIn } from './people.ts'
import { runToEnd, type Stack, startStack } from './stack.ts'

const PASSWORD = 'correct horse battery staple'
const RENDERINGS = 100

let stack: Stack
test.beforeAll(async () => {
  stack = await startStack({ authMode: 'accounts' })
})
test.afterAll(() => stack?.stop())

interface Owner {
  person: Person
  session_id: string
  thread_id: string
  /** Words that stand in her rows and nowhere else. */
  words: string[]
}

test('two accounts rendered at the same time on one server: no row of either is in the other’s page', async () => {
  const ada = await withRows('Ada', 'ada@example.com')
  const ben = await withRows('Ben', 'ben@example.com')
  const renderings = Array.from({ length: RENDERINGS }, (_, n) => {
    const [reader, other] = n % 2 ? [ada, ben] : [ben, ada]
    return render(reader, other, n)
  })
  const answers = (await Promise.all(renderings)).flat()
  expect(answers).toHaveLength(RENDERINGS)
  for (const { status, html, other } of answers) {
    expect(status).toBeLessThan(500)
    for (const word of [...other.words, other.person.accountId]) expect(html).not.toContain(word)
  }
})

test('what each is told about herself stays hers when both ask at once', async () => {
  const ada = await signIn(stack.url, 'ada@example.com', PASSWORD)
  const ben = await signIn(stack.url, 'ben@example.com', PASSWORD)
  const asked = Array.from({ length: RENDERINGS }, async (_, n) => {
    const person = n % 2 ? ada : ben
    const answer = await request(person, '/api/auth/whoami')
    expect(await answer.json()).toMatchObject({ account: { id: person.accountId } })
  })
  await Promise.all(asked)
})

async function withRows(name: string, email: string): Promise<Owner> {
  const made = await runToEnd(
    ['server/account-create.ts', '--email', email, '--name', `${name} Uniqueword`, '--password-stdin'],
    { DATA_DIR: stack.dataDir, AUTH_MODE: 'accounts' },
    { stdin: PASSWORD },
  )
  expect(made.output).toContain('Created the account')
  const person = await signIn(stack.url, email, PASSWORD)
  const words = ['title', 'thread', 'message'].map((what) => `${what}-of-${name}-${uuidv7()}`)
  const [title = '', thread = '', content = ''] = words
  const session_id = await createSession(person, title)
  const thread_id = await createThread(person, session_id, thread)
  await mutate(person, 'chat_messages.send', { id: uuidv7(), session_id, thread_id, content })
  return { person, session_id, thread_id, words: [...words, `${name} Uniqueword`, email] }
}

async function render({ person, session_id, thread_id }: Owner, other: Owner, n: number) {
  const paths = [
    '/',
    `/s/${session_id}`,
    `/s/${session_id}/t/${thread_id}`,
    `/s/${other.session_id}`,
    '/sign-in',
  ]
  const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const answer = await request(person, paths[n % paths.length] ?? '/', { headers })
  return { status: answer.status, html: await answer.text(), other }
}
