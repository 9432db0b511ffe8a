import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

// The least that a Node process between two others can do: pass requests and answers on, untouched.
// A process of its own, as the app is: `bare-pipe.ts <upstream URL>` tells its port to the process that forked it.

const upstream = new URL(process.argv[2] ?? '')
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
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port)) // of a TCP server
process.on('disconnect', () => process.exit(0))
