import { DrizzleQueryError } from 'drizzle-orm'
import { DatabaseError } from 'pg'
import { expect, test } from 'vitest'
import { createLog } from './log.ts'

function linesOf(write: (log: ReturnType<typeof createLog>) => void) {
  const lines: string[] = []
  write(createLog('info', { write: (line) => lines.push(line) }))
  return lines
}

const SECRET = 'what somebody wrote'

function failedStatement() {
  const reason = new DatabaseError(`duplicate: ${SECRET}`, 1, 'error')
  Object.assign(reason, { code: '23505', constraint: 'names_unique', detail: `Key (name)=(${SECRET})` })
  const params = [`${SECRET}\n    at ${SECRET}`]
  return new DrizzleQueryError(`insert into names values ($1) -- ${SECRET}`, params, reason)
}

test('a failed statement is logged by its code and place, never with its values', () => {
  const failed = failedStatement()
  for (const err of [failed, new Error(`Outer: ${failed.message}`, { cause: failed })]) {
    const [line = ''] = linesOf((log) => log.error({ err }, 'failed'))
    expect(line).not.toContain(SECRET)
    expect(line).toContain('DrizzleQueryError')
    expect(line).toContain('"code":"23505","constraint":"names_unique"')
    expect(JSON.parse(line).err.stack).toMatch(/^at .*log\.test\.ts/)
  }
})

test('an error of our own keeps its message and its cause', () => {
  const err = new TypeError('no such thing', { cause: new Error('because') })
  const [line = ''] = linesOf((log) => log.error({ err }, 'failed'))
  expect(JSON.parse(line).err).toMatchObject({
    name: 'TypeError',
    message: 'no such thing',
    cause: { name: 'Error', message: 'because' },
  })
})

test('a reason is cut to 500 characters, and so is a path', () => {
  const [line = ''] = linesOf((log) =>
    log.info({ reason: 'x'.repeat(9_000), path: 'y'.repeat(9_000) }, 'refused'),
  )
  expect(JSON.parse(line)).toMatchObject({ reason: 'x'.repeat(500), path: 'y'.repeat(500) })
})
