import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveCalls } from './calls.ts'

// The least that a Node process between two others can do: pass requests and answers on, untouched.
// A process of its own, as the app is.

let upstream = new URL('http://127.0.0.1')
const agent = new Agent({ keepAlive: true })

const server = createServer((incoming, outgoing) => {
  const { method, headers, url: path } = incoming
  const onward = request(
    { agent, host: upstream.hostname, port: upstream.port, method, path, headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    },
  )
  onward.on('error', () => outgoing.destroy())
  incoming.pipe(onward)
})

const calls = {
  /** @returns its port. */
  listen: async (upstreamUrl: string): Promise<number> => {
    upstream = new URL(upstreamUrl)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port // of a TCP server
  },
}

export type BarePipeCalls = typeof calls

serveCalls(calls)
