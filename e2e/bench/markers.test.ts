import { expect, test } from 'vitest'
import { shapePath } from './electric/shape-requests.ts'
import { marker, markersIn, sessionOf } from './markers.ts'

const SESSION = '0197f3a0-0000-7000-8000-000000000001'

test('a bare server finds the session in the path that clients ask for', () => {
  expect(sessionOf(`${shapePath(SESSION)}&handle=1-2&offset=0_inf&live=true`)).toBe(SESSION)
})

test('an answer’s rows are found by their markers, in their order', () => {
  const rows = [marker(0), marker(1_234_567)].map((name) => ({ value: { client_message_id: name } }))
  expect(markersIn(Buffer.from(JSON.stringify(rows)))).toEqual(['m0000000', 'm1234567'])
})

test('a row without a marker is none of those that are measured', () => {
  expect(markersIn(Buffer.from('[{"value":{"client_message_id":null}}]'))).toEqual([])
})
