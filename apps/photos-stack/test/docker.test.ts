import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildApp } from 'photos-api'
import { Environment, loadConfig } from 'photos-api/config'
import { nginxDefaults } from 'photos-test-servers'
import { test } from 'tap'
import { temporaryDirectory } from './helpers/edge.js'
import { type ComposeService, composeServices, INFRA, readYaml, yamlFiles } from './helpers/infra.js'
import { checkNginx } from './helpers/nginx-check.js'

const COMPOSE_FILES = [
  'docker/compose.single.yaml',
  'docker/compose.original.yaml',
  'docker/compose.cluster.yaml',
]
const NGINX_IMAGE = /^nginx:/

test('every YAML file of infra is one', async (t) => {
  const files = await yamlFiles()
  t.ok(files.length > 10)
  for (const file of files) t.ok((await readYaml(file)).length > 0, file)
})

for (const file of COMPOSE_FILES) {
  test(`${file}: replicas get variables that there are, with values that are taken`, async (t) => {
    const replicas = await servicesOf(file, /^photos-api$/)
    t.ok(replicas.length > 0)
    for (const { environment = {}, volumes = [], read_only, stop_grace_period } of replicas) {
      t.same(
        Object.keys(environment).filter((name) => !(name in Environment.properties)),
        [],
      )
      const config = loadConfig(environment)
      t.ok(config.production)
      t.equal(config.host, '0.0.0.0')
      t.equal(config.port, 3000)
      t.ok(config.trustProxy.length > 0, 'the address of the client is taken from NGINX')
      const storesItself = volumes.some((volume) => volume.endsWith(`:${config.dataDir}`))
      t.ok(config.couchdbUrls.length > 0 || storesItself, 'there is a place for the data')
      t.ok(read_only)
      t.ok(Number.parseInt(stop_grace_period ?? '0', 10) * 1000 > config.shutdownTimeoutMs)
    }
  })

  test(`${file}: NGINX gets variables that there are, starts with them, and asks services that there are`, async (t) => {
    const services = await composeServices(file)
    const defaults = await nginxDefaults()
    const edges = await servicesOf(file, NGINX_IMAGE)
    t.ok(edges.length > 0)
    for (const { environment = {}, read_only } of edges) {
      const edge = Object.fromEntries(
        Object.entries(environment).filter(([name]) => name.startsWith('EDGE_')),
      )
      t.same(
        Object.keys(edge).filter((name) => !(name in defaults)),
        [],
      )
      t.ok(read_only)
      const [, host = '', port] = /server ([\w.-]+):(\d+)/.exec(edge['EDGE_SERVERS'] ?? '') ?? []
      const target = services.get(host)
      t.ok(target, `${host} is a service`)
      const listensOn =
        target?.environment?.['PORT'] ?? target?.environment?.['EDGE_LISTEN'] ?? defaults['EDGE_LISTEN']
      t.equal(port, listensOn)
      await checkNginx(await temporaryDirectory(t), edge)
    }
  })

  test(`${file}: only NGINX is reached from outside, and what is mounted exists`, async (t) => {
    const defaults = await nginxDefaults()
    for (const [name, { image = '', ports = [], volumes = [], depends_on }] of await composeServices(file)) {
      if (ports.length > 0) t.match(image, NGINX_IMAGE, `${name} publishes a port`)
      for (const port of ports) t.equal(port.split(':').at(-1), defaults['EDGE_LISTEN'])
      for (const volume of volumes.filter((text) => text.startsWith('.'))) {
        const [source = ''] = volume.split(':')
        t.ok(existsSync(join(INFRA, 'docker', source)), `${name} mounts ${source}`)
      }
      const others = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on ?? {})
      const services = await composeServices(file)
      for (const other of others) t.ok(services.has(other), `${name} waits for ${other}`)
    }
  })

  test(`${file}: every secret is listed in .env.example`, async (t) => {
    const listed = (await readFile(join(INFRA, 'docker/.env.example'), 'utf8')).match(/^\w+(?==)/gm)
    const texts = await Promise.all(
      [file, 'docker/service.yaml'].map((name) => readFile(join(INFRA, name), 'utf8')),
    )
    const used = texts.flatMap((text) => [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name))
    t.same(
      used.filter((name) => !listed?.includes(name ?? '')),
      [],
    )
  })
}

test("what stands on one of the original's three boxes fits into a t2.micro", async (t) => {
  const boxes = new Map<string, { cpus: number; mebibytes: number }>()
  for (const [name, { labels, cpus, mem_limit }] of await composeServices('docker/compose.original.yaml')) {
    // It has ended before the boxes serve.
    if (name === 'couchdb-init') continue
    const box = boxes.get(labels?.['box'] ?? '') ?? { cpus: 0, mebibytes: 0 }
    const [, amount, unit] = /^(\d+)([mg])$/.exec(mem_limit ?? '') ?? []
    const mebibytes = Number(amount) * (unit === 'g' ? 1024 : 1)
    boxes.set(labels?.['box'] ?? '', {
      cpus: box.cpus + (cpus ?? Number.NaN),
      mebibytes: box.mebibytes + mebibytes,
    })
  }
  t.same([...boxes.keys()].sort(), ['balancer', 'database', 'service'])
  for (const [box, { cpus, mebibytes }] of boxes) {
    t.ok(cpus <= 1.0001, `${box}: ${cpus} CPUs`)
    t.ok(mebibytes <= 1024, `${box}: ${mebibytes} MiB`)
  }
})

test('the image runs as no one in particular, on the port that it declares, and is asked for its health there', async (t) => {
  const dockerfile = await readFile(join(INFRA, 'docker/Dockerfile'), 'utf8')
  t.match(dockerfile, /^USER node$/m)
  const [, port] = /^ENV HOST=0\.0\.0\.0 PORT=(\d+)/m.exec(dockerfile) ?? []
  t.match(dockerfile, `EXPOSE ${port}\n`)
  const [, path = ''] = /process\.env\.PORT\}([\w/]+)`/.exec(dockerfile) ?? []
  const directory = await temporaryDirectory(t)
  const app = await buildApp({ config: loadConfig({ PHOTOS_DATA_DIR: directory, LOG_LEVEL: 'silent' }) })
  t.teardown(() => app.close())
  t.equal((await app.inject(path)).statusCode, 200)
  for (const [, name = ''] of dockerfile.matchAll(/ (PHOTOS_\w+)=/g)) t.ok(name in Environment.properties)
})

async function servicesOf(file: string, image: RegExp): Promise<ComposeService[]> {
  return [...(await composeServices(file)).values()].filter((service) => image.test(service.image ?? ''))
}
