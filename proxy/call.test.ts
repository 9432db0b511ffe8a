import { expect, it } from 'vitest'
import { pathToLog } from './call.ts'

it.each([
  ['/api/shapes/chat_messages?session_id=1&token=secret', '/api/shapes/chat_messages'],
  ['/api/live/a-name-that-lets-change', '/api/live/…'],
  ['/api/live', '/api/live'],
  [undefined, ''],
])('of the address %s the log gets %s', (url, logged) => {
  expect(pathToLog(url)).toBe(logged)
})
