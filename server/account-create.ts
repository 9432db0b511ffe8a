import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { DrizzleQueryError } from 'drizzle-orm'
import { connect } from '#db/client.ts'
import { checked } from './auth/checked-input.ts'
import { createAccount } from './auth/create-account.ts'
import { type NewAccount, newAccount } from './auth/inputs.ts'
import { createLibrary } from './auth/library.ts'
import { ask, askHidden } from './auth/prompt.ts'
import { withDatabase } from './database.ts'
import { parseStarterEnv } from './env.ts'
import { AppError } from './errors.ts'

// `npm run account:create`: the way to an account that can sign in.

interface Options {
  email?: string
  name?: string
  passwordStdin?: boolean
}

const program = new Command('account:create')
  .description('Makes an account that signs in with email and password (AUTH_MODE=accounts).')
  .option('--email <address>', 'asked for when missing')
  .option('--name <name>', 'the name that others see; asked for when missing')
  .option('--password-stdin', 'read the password from standard input instead of asking for it')
  .action((options: Options) => create(options))

try {
  await program.parseAsync()
} catch (error) {
  console.error(reasonOf(error))
  process.exitCode = 1
}

async function create(options: Options): Promise<void> {
  const input = await complete(options)
  const { accountId } = await withDatabase(parseStarterEnv(), (appUrl) => createIn(appUrl, input))
  console.log(`Created the account ${accountId} for ${input.email}.`)
}

async function complete({ email, name, passwordStdin }: Options): Promise<NewAccount> {
  if (!process.stdin.isTTY && !(email && name && passwordStdin)) {
    throw new AppError('invalid', 'Without a terminal give --email, --name and --password-stdin.')
  }
  const input = {
    email: email ?? (await ask('Email: ')),
    display_name: name ?? (await ask('Name: ')),
    password: passwordStdin ? (await text(process.stdin)).replace(/\r?\n$/, '') : await newPassword(),
  }
  return checked(input, newAccount) // before a database is started for it
}

async function newPassword(): Promise<string> {
  const password = await askHidden('Password: ')
  if (password !== (await askHidden('Once more: '))) throw new AppError('invalid', 'The passwords differ.')
  return password
}

async function createIn(appUrl: string, input: NewAccount): Promise<{ accountId: string }> {
  const db = connect(appUrl, { maxConnections: 1 })
  // Nothing is signed here, so any secret will do.
  const AUTH_SECRET = randomBytes(32).toString('hex')
  const library = createLibrary(db, { AUTH_SECRET, PUBLIC_URL: 'http://localhost' })
  return createAccount(library, input).finally(() => db.close())
}

// What a failed statement says of itself holds its parameters, a password's hash among them.
function reasonOf(error: unknown): string {
  const reason = error instanceof DrizzleQueryError ? error.cause : error
  return reason instanceof Error ? reason.message : String(reason)
}
