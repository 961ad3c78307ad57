const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

export interface Interrupt {
  readonly signal: AbortSignal
  /** The exit code that says which signal it was. */
  readonly code: number | undefined
  readonly end: () => void
}

/** The first Ctrl-C lets the step finish and then aborts; the second one ends the program. `heard` is called at the first. */
export const interruptible = (heard: () => void): Interrupt => {
  const controller = new AbortController()
  let code: number | undefined
  const stop = (name: NodeJS.Signals) => {
    const own = 128 + SIGNALS[name as keyof typeof SIGNALS]
    if (code !== undefined) process.exit(own)
    code = own
    heard()
    controller.abort()
  }
  for (const name of Object.keys(SIGNALS)) process.on(name, stop)
  return {
    signal: controller.signal,
    get code() {
      return code
    },
    end: () => {
      for (const name of Object.keys(SIGNALS)) process.off(name, stop)
    },
  }
}
