import { Bot, Folder, GitBranch } from 'lucide-react'
import type { SessionHead } from './session-context.tsx'

/** Where a session comes from, as far as it is known. */
export function SessionFacts({ session }: { session: SessionHead | undefined }) {
  if (!session) return null
  const { agent, model, repository, branch, cwd } = session
  const place = repository ?? cwd
  if (!agent && !place && !branch) return null
  return (
    <ul className="facts">
      {agent && (
        <li>
          <Bot aria-label="Agent" /> {model ? `${agent} · ${model}` : agent}
        </li>
      )}
      {place && (
        <li title={place}>
          <Folder aria-label={repository ? 'Repository' : 'Folder'} /> {place}
        </li>
      )}
      {branch && (
        <li>
          <GitBranch aria-label="Branch" /> {branch}
        </li>
      )}
    </ul>
  )
}
