import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { requireTool } from './commands.mjs'

const esbuild = requireTool('esbuild')

/** Checks what the README of photos-domain says of its size, on the package as it was installed. */
export async function checkBundles(checks, project) {
  const domain = join(project, 'node_modules', 'photos-domain')
  await checks.run('photos-domain: all of its own code is as small as its README says', async () => {
    const readme = await readFile(join(domain, 'README.md'), 'utf8')
    const limitKb = Number(/own code is under (\d+) kB, minified and compressed/.exec(readme)?.[1])
    if (Number.isNaN(limitKb)) throw new Error('its README does not say how large it is')
    const { bytes } = await bundle(project, "export * from 'photos-domain'", ['typebox', 'typebox/*'])
    if (bytes >= limitKb * 1000) throw new Error(`${bytes} bytes, where the README says under ${limitKb} kB`)
  })
  for (const name of ['compareVersions', 'findPhoto', 'isPhotosError']) {
    await checks.run(
      `photos-domain: a bundle of ${name} alone has less than 1 kB and no typebox`,
      async () => {
        const { bytes, inputs } = await bundle(project, `export { ${name} } from 'photos-domain'`, [])
        const foreign = inputs.filter((input) => !input.includes('node_modules/photos-domain/'))
        if (foreign.length > 0) throw new Error(`it brings ${foreign.join(', ')}`)
        if (bytes >= 1000) throw new Error(`it has ${bytes} bytes`)
      },
    )
  }
}

/** How large the minified, compressed bundle is, and which installed files left something in it. */
async function bundle(project, source, external) {
  const entry = join(project, 'bundle.mjs')
  await writeFile(entry, source)
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: project,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    external,
    write: false,
    outfile: join(project, 'bundle.min.js'),
    metafile: true,
    logLevel: 'silent',
  })
  const [output] = Object.values(metafile.outputs)
  const inputs = Object.entries(output.inputs)
    .filter(([input, { bytesInOutput }]) => bytesInOutput > 0 && input !== 'bundle.mjs')
    .map(([input]) => input)
  return { bytes: gzipSync(outputFiles[0].contents, { level: 9 }).length, inputs }
}
