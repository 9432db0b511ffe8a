/** How far a long step is. */
export interface Progress {
  /** What is being done, as a person reads it: "Copying". */
  step: string
  /** 0 to 1; estimated while copying, exact otherwise. */
  share: number
  rows: number
  bytes: number
}

export type OnProgress = (progress: Progress) => void
