/**
 * One line that begins with a letter and holds nothing that Markdown gives a meaning to: no marks, no addresses, no
 * mentions. A full stop or a colon counts as such only at the end of a word.
 */
const plain = /^\p{L}(?:[\p{L}\p{M}\p{N} ,;?'’"“”„«»–—…-]|[.:!](?= |$))*$/u

/** Whether a text is the same with and without Markdown; not every such text is recognised. */
export function isPlainSentence(text: string): boolean {
  return plain.test(text) && !text.endsWith(' ')
}
