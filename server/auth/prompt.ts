import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** Asks at the terminal. */
export function ask(question: string): Promise<string> {
  return answerTo(question, process.stdout)
}

/** Asks without showing what is typed. */
export async function askHidden(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  // The question comes once the terminal has stopped echoing: who pastes at once would see the password.
  const answer = answerTo('', nowhere)
  process.stdout.write(question)
  return answer.finally(() => process.stdout.write('\n'))
}

async function answerTo(question: string, output: NodeJS.WritableStream): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output, terminal: true })
  const answer = await new Promise<string | null>((resolve, reject) => {
    for (const end of ['SIGINT', 'close']) terminal.once(end, () => resolve(null))
    terminal.question(question).then(resolve, reject)
  })
  terminal.close()
  if (answer === null) process.exit(130) // Ctrl-C or Ctrl-D
  return answer
}
