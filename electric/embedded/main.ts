import { flushCompileCache } from 'node:module'
import { describeError } from './catalog/database-errors.ts'
import { optionsFromEnvironment } from './environment.ts'
import { startElectric } from './server.ts'

function print(line: string): void {
  process.stdout.write(`electric: ${line}\n`)
}

async function main(): Promise<void> {
  const options = optionsFromEnvironment(process.env)
  const electric = await startElectric({ ...options, log: (level, line) => print(`${level}: ${line}`) })
  electric.ready.then(
    () => {
      print(`ready on ${electric.url}`)
      flushCompileCache() // else a process that is only ever killed never writes it
    },
    () => {},
  )
  let isStopping = false
  const stop = () => {
    if (isStopping) return
    isStopping = true
    electric.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // The supervisor was killed: nobody else would end this process.
  process.on('disconnect', stop)
}

main().catch((error: unknown) => {
  process.stderr.write(`electric: ${describeError(error)}\n`)
  process.exit(1)
})
