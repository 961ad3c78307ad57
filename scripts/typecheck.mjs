// Checks the types of a folder with packages of its own, where they are installed.
// usage: node scripts/typecheck.mjs FOLDER
import { run } from './run.mjs'
import { isInstalled } from './setup.mjs'

const [folder] = process.argv.slice(2)
if (isInstalled(folder)) {
  try {
    await run('node_modules/typescript/bin/tsc', '-p', folder)
  } catch {
    // The compiler has said what is wrong.
    process.exit(1)
  }
} else console.log(`skipped: the types of ${folder}, its packages are not there (npm ci --prefix ${folder})`)
