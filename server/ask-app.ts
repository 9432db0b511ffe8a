import { request as overHttp } from 'node:http'
import { request as overTls } from 'node:https'
import { text } from 'node:stream/consumers'
import { certificateFiles } from './certificate.ts'
import type { Env } from './env.ts'

export type AppAddress = Pick<Env, 'HOST' | 'PORT' | 'TLS_CERT' | 'TLS_KEY'>

/** What the app on this machine answers to a GET, whatever address it listens on and whoever signed its certificate. */
export function askApp(
  address: AppAddress,
  path: string,
  timeoutMs = 5_000,
): Promise<{ ok: boolean; body: string }> {
  const tls = certificateFiles(address) !== null
  return new Promise((resolve, reject) => {
    const req = (tls ? overTls : overHttp)({
      host: reachable(address.HOST),
      port: address.PORT,
      path,
      // A name that it always has, whatever its address.
      headers: { host: `localhost:${address.PORT}` },
      // Its certificate is for the name that people use. Nothing is sent that could be stolen.
      ...(tls && { rejectUnauthorized: false }),
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    })
    req.on('error', reject).on('response', (answer) => {
      text(answer).then((body) => resolve({ ok: answer.statusCode === 200, body }), reject)
    })
    req.end()
  })
}

/** Where a server that listens on `host` answers on this machine. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host.replace(/^\[|\]$/g, '')
}
