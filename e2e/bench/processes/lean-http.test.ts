import { expect, test } from 'vitest'
import { parseAnswer, wholeChunks } from './lean-http.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nElectric-Offset: 0_inf\r\nElectric-Up-To-Date: \r\n'
const parse = (text: string) => parseAnswer(Buffer.from(text))

test('an answer of known length is whole with its last byte', () => {
  const text = `${HEAD}Content-Length: 5\r\n\r\nwörd`
  expect(parse(text)?.body.toString()).toBe('wörd')
  expect(parse(text.slice(0, -1))).toBe(null)
  expect(parse(text.slice(0, 30))).toBe(null)
})

test('headers are found whatever their case, empty ones too', () => {
  const answer = parse(`${HEAD}Content-Length: 0\r\n\r\n`)
  expect(answer?.status).toBe(200)
  expect(answer?.header('electric-offset')).toBe('0_inf')
  expect(answer?.header('electric-up-to-date')).toBe('')
  expect(answer?.header('electric-cursor')).toBe(null)
})

test('an answer in chunks is whole with the empty one', () => {
  const text = `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\na\r\n2 \r\n, 3, 4\r\n1\r\n]\r\n0\r\n\r\n`
  expect(parse(text)?.body.toString()).toBe('[1,2 \r\n, 3, 4]')
  expect(parse(text.slice(0, -2))).toBe(null)
  expect(parse(text.slice(0, -8))).toBe(null)
})

test('of a stream that goes on, the chunks are given that are whole', () => {
  const bytes = Buffer.from('3\r\n[1,\r\n2\r\n2]\r\n4\r\n[3')
  const { chunks, end, isLast } = wholeChunks(bytes)
  expect(chunks.map(String)).toEqual(['[1,', '2]'])
  expect(bytes.subarray(end).toString()).toBe('4\r\n[3')
  expect(isLast).toBe(false)
})
