import { renderToStaticMarkup } from 'react-dom/server'
import ReactMarkdown from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { expect, test } from 'vitest'
import { Markdown } from './markdown.tsx'
import { isPlainSentence } from './plain-sentence.ts'

const shown = (text: string) => renderToStaticMarkup(<Markdown text={text} mentioned={[]} accountId="me" />)
const parsed = (text: string) =>
  `<div class="prose">${renderToStaticMarkup(<ReactMarkdown remarkPlugins={[remarkGfm]}>{text}</ReactMarkdown>)}</div>`

test.each([
  'Yes',
  'Does it work now? I think so, but look again…',
  'Öffne die Tür – “bitte” – und it’s done!',
  'A well-known  double  space; and 3 numbers, 1. 2. 3. here: none is a list',
  'Measured 0f8fad5b-d9cd-469f-a165-70867728950e',
  'نعم، هذا صحيح',
  'www and http: and mailto: alone',
])('a plain sentence looks as if it were parsed: %s', (text) => {
  expect(shown(text)).toBe(parsed(text))
})

test.each([
  '',
  '1. one',
  '- one',
  '-',
  'a\nb',
  'a  \nb',
  'trailing ',
  ' indented',
  '*a*',
  'a_b_c',
  '`code`',
  '# heading',
  '> quote',
  'see www.example.com',
  'see https://example.com',
  'mailto:a@example.com',
  'a@example.com',
  'hello @Ada',
  'a &amp; b',
  'a <b>c</b>',
  'a ~~b~~',
  '[a](b)',
  'a | b',
  'a\\b',
])('what Markdown may give a meaning to is parsed: %j', (text) => {
  expect(isPlainSentence(text)).toBe(false)
})

test('a sentence of any printable characters looks the same whichever way it is shown', () => {
  const letters = [
    'a',
    'Z',
    'é',
    ' ',
    ' ',
    '1',
    '.',
    ':',
    '-',
    '!',
    '?',
    '"',
    "'",
    ',',
    '_',
    '*',
    '/',
    '@',
    '&',
  ]
  let seed = 7
  const next = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return Math.floor((seed / 2147483648) * below)
  }
  for (let round = 0; round < 2000; round++) {
    const text = Array.from({ length: 1 + next(12) }, () => letters[next(letters.length)]).join('')
    if (isPlainSentence(text)) expect(shown(text)).toBe(parsed(text))
  }
})
