import { readdir, readFile } from 'node:fs/promises'

const packageOf = path => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]

/** The licences of the packages whose code went into the bundles, which ask to be kept with it. */
export const thirdParty = async metafiles => {
  const inputs = metafiles.flatMap(({ outputs }) => Object.values(outputs).flatMap(o => Object.entries(o.inputs)))
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => packageOf(path))
  const names = [...new Set(used)].filter(Boolean).sort()
  const texts = await Promise.all(
    names.map(async name => {
      const folder = `node_modules/${name}`
      const { version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
      const file = (await readdir(folder)).find(f => /^licen[cs]e/i.test(f))
      const text = file ? await readFile(`${folder}/${file}`, 'utf8') : `Licence: ${license}`
      return `${name} ${version}\n\n${text.trim()}\n`
    }),
  )
  return `convlet's bundles contain these packages:\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`
}
