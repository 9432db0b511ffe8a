import { expect, test } from 'vitest'
import { check } from './testing.ts'

const mayFail = async (where: string, params: Record<string, string> = {}) =>
  (await check({ where, params })).mayFail

test.each([
  'true = true',
  'id = 1 AND NOT (title = $1 OR "Done")',
  'id BETWEEN 1 AND 2.5 AND id NOT IN (1, 2)',
  "title LIKE 'a%' AND title ILIKE $1",
  "title LIKE 'a\\\\'",
  'id = ANY($1) AND id = ANY(ARRAY[1, 2])',
  'lower(title) = upper($1)',
  "concat(title, id) = 'x' AND coalesce(title, $1) = 'x' AND greatest(id, 3) > 2",
  'title IS NULL AND doc IS NOT NULL AND id IS DISTINCT FROM 1 AND "Done" IS NOT TRUE',
  '1 / 0 = 1',
])('no row can make %s fail', async (where) => {
  expect(await mayFail(where, { 1: 'x' })).toBe(false)
})

test.each([
  ['1 / id = 1'],
  ['title::int = 1'],
  ["title LIKE 'a\\'"],
  ['title LIKE $1'],
  ['title LIKE title'],
  ["title LIKE ANY('{a}')"],
  ['NOT (coalesce(id + 1, 2) = 2)'],
  ['id = id'],
  ['greatest(id, id) = 1'],
  ["at > '2020-01-01'::date"],
  ["tags || title = '{}'"],
  ["tags[id] = ''"],
  ['- id = 1'],
  ["tags && '{}'"],
])('some row may make %s fail', async (where) => {
  expect(await mayFail(where, { 1: 'a\\' })).toBe(true)
})
