/** The element of this id, of the kind that it must be. */
export const byId = <T extends Element>(id: string, kind: new () => T): T => {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`the page has no ${kind.name} #${id}`)
}

type Props<T> = { readonly [K in keyof T]?: T[K] }

/** A new element with properties, `aria-…` and `data-…` attributes, and children. */
export const make = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props<HTMLElementTagNameMap[K]> = {},
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] => {
  const element = Object.assign(document.createElement(tag), props)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Runs for the newest value only: what comes while it runs replaces what waits. */
export const latest = <T>(run: (value: T) => Promise<void>): ((value: T) => void) => {
  let [busy, waiting] = [false, false]
  let next: T
  const go = async () => {
    busy = true
    try {
      while (waiting) {
        waiting = false
        await run(next)
      }
    } finally {
      busy = false
    }
  }
  return value => {
    next = value
    waiting = true
    if (!busy) void go()
  }
}

export const kilobytes = (bytes: number): string =>
  bytes < 2 ** 20 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 24 ? 1 : 0)} MB`

export const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`

export const percent = (p: number): string =>
  p > 0.9995 && p < 1 ? '> 99.9 %' : p > 0 && p < 0.0005 ? '< 0.1 %' : `${(p * 100).toFixed(1)} %`
