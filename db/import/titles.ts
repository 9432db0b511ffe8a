const MAX_TITLE_LENGTH = 200

/** A text as the title of a session or thread may be: on one line, of at most 200 characters as Postgres counts them. */
export function cleanTitle(text: string): { title: string; changed: boolean } {
  const characters = [
    ...text
      .toWellFormed()
      .replace(/\p{Cc}+/gu, ' ')
      .trim(),
  ]
  const fits = characters.length <= MAX_TITLE_LENGTH
  const title = fits ? characters.join('') : `${characters.slice(0, MAX_TITLE_LENGTH - 1).join('')}…`
  return { title, changed: title !== text }
}
