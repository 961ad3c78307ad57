#!/usr/bin/env node
// The command line is built, and a checkout may not have it yet. npx remembers a missing program: this one is always there.
import { existsSync } from 'node:fs'

const cli = new URL('../dist/cli.js', import.meta.url)

if (existsSync(cli)) await import(cli)
else {
  console.error('convlet: the command line is not built yet: run npm start first.')
  process.exitCode = 1
}
