import { useSyncExternalStore } from 'react'
import type { Options } from 'react-markdown'

type Plugins = NonNullable<Options['rehypePlugins']>

/** Beyond this a text is shown without colours: highlighting it would hold up the page. */
const MAX_HIGHLIGHTED_CHARACTERS = 40_000

const none: Plugins = []
let loaded: Plugins | undefined
let loading = false
const waiting = new Set<() => void>()

/** The highlighter is loaded with the first code block that is seen; until then code is shown plain. */
export function useCodeHighlighter(markdown: string): Plugins {
  const wanted = markdown.length <= MAX_HIGHLIGHTED_CHARACTERS && holdsCode(markdown)
  return useSyncExternalStore(wanted ? subscribe : neverChanges, wanted ? snapshot : nothing, nothing)
}

function holdsCode(markdown: string): boolean {
  return /^\s*(```|~~~)/m.test(markdown)
}

function subscribe(onChange: () => void): () => void {
  waiting.add(onChange)
  if (!loaded && !loading) void load()
  return () => waiting.delete(onChange)
}

async function load(): Promise<void> {
  loading = true
  try {
    const { default: rehypeHighlight } = await import('rehype-highlight')
    loaded = [[rehypeHighlight, { detect: false }]]
    for (const onChange of [...waiting]) onChange()
  } catch {
    loading = false // Offline before it was ever loaded: plain code is readable, and the next block tries again.
  }
}

const snapshot = () => loaded ?? none
const nothing = () => none
const neverChanges = () => () => undefined
