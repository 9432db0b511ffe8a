/** Up to two letters that stand for a name: those of its first and last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean)
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words
  const letters = chosen.map((word) => [...(word ?? '')][0] ?? '').join('')
  return letters.toUpperCase() || '?'
}

/** A hue in degrees that stays with an id for good, on every machine. */
export function hueOf(id: string): number {
  let hash = 2166136261
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 16777619)
  // Eighteen steps: neighbours on the wheel that nobody could tell apart would only look like a mistake.
  return ((hash >>> 0) % 18) * 20
}
