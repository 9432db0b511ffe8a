/** As the collation "C" orders UTF-8: by code points, which JavaScript's own comparison does not do beyond U+FFFF. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

// Halves of a pair stand for code points above all others.
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** What fills up a char(n) is not part of its value. */
export function withoutPadding(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 0x20) end--
  return end === text.length ? text : text.slice(0, end)
}

/** For texts of ASCII only, in which JavaScript's order is that of the bytes. */
export function compareAscii(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
