import type { Mentionable } from '../composer/mentions.ts'
import { mentionSpans } from '../composer/mentions.ts'

/** As much of a HTML syntax tree as is needed here; text stays text, so nothing can become markup. */
interface Node {
  type: string
  tagName?: string
  value?: string
  children?: Node[]
  properties?: Record<string, unknown>
}

const untouched = new Set(['code', 'pre', 'a'])

/** A rehype plugin that sets off the names of those a message mentions. */
export function markMentions(mentioned: readonly Mentionable[], accountId: string) {
  const split = (text: string): Node[] => {
    const parts: Node[] = []
    let at = 0
    for (const span of mentionSpans(text, mentioned)) {
      parts.push({ type: 'text', value: text.slice(at, span.start) })
      parts.push({
        type: 'element',
        tagName: 'span',
        properties: { className: span.account_id === accountId ? ['mention', 'mention-me'] : ['mention'] },
        children: [{ type: 'text', value: text.slice(span.start, span.end) }],
      })
      at = span.end
    }
    return [...parts, { type: 'text', value: text.slice(at) }]
  }
  const visit = (node: Node): void => {
    if (!node.children || untouched.has(node.tagName ?? '')) return
    node.children = node.children.flatMap((child) => {
      if (child.type === 'text' && child.value?.includes('@')) return split(child.value)
      visit(child)
      return [child]
    })
  }
  return () => visit
}
