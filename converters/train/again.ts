// The command that goes on where a training was interrupted.

/** As a POSIX shell reads it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

/** The same command with `--resume`; `npm` says how npx lets its programs know. */
export const resumeCommand = (args: readonly string[], checkpoint: string, npm = process.env.npm_command): string => {
  const kept: string[] = []
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--resume') i++
    else if (!args[i]!.startsWith('--resume=')) kept.push(args[i]!)
  }
  return [...(npm === 'exec' ? ['npx'] : []), 'convlet', ...kept, '--resume', checkpoint].map(quoted).join(' ')
}
