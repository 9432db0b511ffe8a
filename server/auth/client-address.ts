import { isIPv6 } from 'node:net'
import type { ServerRequest } from 'srvx'
import type { Env } from '../env.ts'

/**
 * Where a request comes from, as far as can be known: the connection's address, or what the trusted proxy says.
 * An IPv6 address counts as its /64, which is what one customer gets.
 */
export function clientAddress(
  request: Request,
  { TRUST_PROXY }: Pick<Env, 'TRUST_PROXY'>,
): string | undefined {
  // The last entry is the one that the proxy wrote itself.
  const forwarded = TRUST_PROXY
    ? request.headers.get('x-forwarded-for')?.split(',').at(-1)?.trim()
    : undefined
  const address = forwarded || (request as ServerRequest).ip // present where srvx made the request
  return address && network(address.replace(/^::ffff:(?=\d+\.)/i, ''))
}

function network(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const before = head.split(':').filter(Boolean)
  const after = tail?.split(':').filter(Boolean) ?? []
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`
}
