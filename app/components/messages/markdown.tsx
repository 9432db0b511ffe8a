import { ExternalLink } from 'lucide-react'
import { memo, type ReactNode, useMemo, useRef } from 'react'
import ReactMarkdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import type { Mentionable } from '../composer/mentions.ts'
import { CopyButton } from '../controls/copy-button.tsx'
import { useCodeHighlighter } from './code-highlighter.ts'
import { markMentions } from './mention-marks.ts'
import { isPlainSentence } from './plain-sentence.ts'

interface Props {
  text: string
  mentioned: readonly Mentionable[]
  accountId: string
}

const remarkPlugins = [remarkGfm]

/** Markdown as people write it. Raw HTML is shown as text, and nothing is fetched from elsewhere. */
export const Markdown = memo(function Markdown(props: Props) {
  return (
    <div className="prose">
      {/* Much of what people write is plain: it is shown sooner without being parsed. */}
      {isPlainSentence(props.text) ? <p>{props.text}</p> : <Parsed {...props} />}
    </div>
  )
})

function Parsed({ text, mentioned, accountId }: Props) {
  const highlight = useCodeHighlighter(text)
  const rehypePlugins = useMemo(
    () => (mentioned.length > 0 ? [...highlight, markMentions(mentioned, accountId)] : highlight),
    [highlight, mentioned, accountId],
  )
  return (
    <ReactMarkdown remarkPlugins={remarkPlugins} rehypePlugins={rehypePlugins} components={components}>
      {text}
    </ReactMarkdown>
  )
}

const components: Components = {
  a: ({ href, children }) => <SafeLink href={href}>{children}</SafeLink>,
  // An image would tell its server who reads this and when: it is one click away instead.
  img: ({ src, alt }) => {
    const address = typeof src === 'string' ? src : undefined
    return <SafeLink href={address}>{alt || address || 'image'}</SafeLink>
  },
  pre: ({ children }) => <CodeBlock>{children}</CodeBlock>,
  table: ({ children }) => (
    // biome-ignore lint/a11y/useSemanticElements: a section would be a landmark, and a thread may have many tables.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls, so the keyboard must reach it.
    <div role="group" className="table-scroll" aria-label="Table" tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
  // The corner of a table is often empty, and heads nothing then.
  th: ({ children, style }) => (children ? <th style={style}>{children}</th> : <td />),
  input: ({ checked }) => (
    <input type="checkbox" checked={checked ?? false} disabled aria-label={checked ? 'Done' : 'Not done'} />
  ),
  // A thread has one heading, its title: those of a message are set apart by their looks alone.
  h1: ({ children }) => <p className="prose-heading">{children}</p>,
  h2: ({ children }) => <p className="prose-heading">{children}</p>,
  h3: ({ children }) => <p className="prose-heading">{children}</p>,
  h4: ({ children }) => <p className="prose-heading">{children}</p>,
  h5: ({ children }) => <p className="prose-heading">{children}</p>,
  h6: ({ children }) => <p className="prose-heading">{children}</p>,
}

function SafeLink({ href, children }: { href: string | undefined; children: ReactNode }) {
  if (!href) return <span>{children}</span>
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
      <ExternalLink className="external" aria-label="(opens in a new tab)" />
    </a>
  )
}

function CodeBlock({ children }: { children: ReactNode }) {
  const block = useRef<HTMLPreElement>(null)
  return (
    <div className="code-block">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, so the keyboard must reach them. */}
      <pre ref={block} tabIndex={0}>
        {children}
      </pre>
      <CopyButton text={() => block.current?.textContent ?? ''} label="Copy the code" />
    </div>
  )
}
