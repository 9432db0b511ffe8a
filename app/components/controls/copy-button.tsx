import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { IconButton } from './button.tsx'

const SHOWN_MS = 1600

export function CopyButton({ text, label = 'Copy' }: { text: () => string; label?: string }) {
  const [copied, setCopied] = useState<boolean>()
  useEffect(() => {
    if (copied === undefined) return
    const timer = setTimeout(() => setCopied(undefined), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = () => {
    void copyText(text()).then(setCopied)
  }
  const said = copied === undefined ? label : copied ? 'Copied' : 'The browser refused to copy'
  return (
    <IconButton label={said} onClick={copy} data-copied={copied}>
      {copied ? <Check /> : <Copy />}
    </IconButton>
  )
}

/** False where the browser forbids the clipboard. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
