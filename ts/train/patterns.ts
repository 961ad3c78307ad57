const matcher = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`)

/** Whether a name is one of these, where `*` stands for anything: `fc.*`. */
export const matches = (patterns: readonly string[], name: string): boolean =>
  patterns.some(pattern => matcher(pattern).test(name))
