import { spawn } from 'node:child_process'

/** Runs a Node script with its output shown, and rejects when it fails. */
export const run = (script, ...args) =>
  new Promise((resolve, reject) => {
    spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
      .once('error', reject)
      .once('close', code =>
        code === 0 ? resolve() : reject(new Error(`${script} ${args.join(' ')} exited with ${code}`)),
      )
  })

/** Compiles one entry of assembly/ to dist/. */
export const asc = (entry, out, ...options) =>
  run('node_modules/assemblyscript/bin/asc.js', `assembly/${entry}`, '--outFile', `dist/${out}`, ...options)
