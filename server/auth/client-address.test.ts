import { expect, test } from 'vitest'
import { clientAddress } from './client-address.ts'

function request(ip: string | undefined, forwarded?: string): Request {
  const made = new Request('http://localhost:3000/', {
    headers: forwarded ? { 'x-forwarded-for': forwarded } : {},
  })
  return Object.assign(made, { ip })
}

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8::2:3:4:5:6', '2001:db8:0:2::/64'],
  ['::1', '0:0:0:0::/64'],
  [undefined, undefined],
])('%s counts as %s', (ip, expected) => {
  expect(clientAddress(request(ip), { TRUST_PROXY: false })).toBe(expected)
})

test('a header is believed only behind a trusted proxy, and only its last entry', () => {
  const sent = request('10.0.0.1', '1.1.1.1, 203.0.113.7')
  expect(clientAddress(sent, { TRUST_PROXY: false })).toBe('10.0.0.1')
  expect(clientAddress(sent, { TRUST_PROXY: true })).toBe('203.0.113.7')
})
