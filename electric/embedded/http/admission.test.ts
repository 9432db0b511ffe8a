import { expect, test } from 'vitest'
import { Admission } from './admission.ts'
import { ProtocolError } from './protocol-error.ts'

test('beyond the limit one is let in as another leaves', () => {
  const admission = new Admission('initial', 2)
  const places = [admission.enter(), admission.enter()]
  expect(() => admission.enter()).toThrow(ProtocolError)
  places[0]?.leave()
  admission.enter()
  expect(() => admission.enter()).toThrow(ProtocolError)
})

test('who is turned away is told when to come back, not all at the same time', () => {
  const admission = new Admission('existing', 0)
  const refusals = Array.from({ length: 200 }, () => {
    try {
      return admission.enter() && null
    } catch (error) {
      return error instanceof ProtocolError ? error : null
    }
  })
  for (const refusal of refusals) {
    expect([refusal?.status, refusal?.body]).toEqual([
      503,
      {
        code: 'concurrent_request_limit_exceeded',
        message: 'Concurrent existing request limit exceeded (limit: 0), please retry',
      },
    ])
    expect(refusal?.headers['electric-internal-known-error']).toBe('true')
  }
  const waits = new Set(refusals.map((refusal) => refusal?.headers['retry-after']))
  expect([...waits].sort()).toEqual(['10', '6', '7', '8', '9'])
})
