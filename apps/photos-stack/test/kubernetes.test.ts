import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildApp } from 'photos-api'
import { Environment, loadConfig } from 'photos-api/config'
import { nginxDefaults } from 'photos-test-servers'
import { test } from 'tap'
import { temporaryDirectory } from './helpers/edge.js'
import { composeServices, filesOf, INFRA, readYaml, type Variables, yamlFiles } from './helpers/infra.js'
import { checkNginx } from './helpers/nginx-check.js'

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}

interface Container {
  readonly image: string
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly env?: readonly { readonly name: string; readonly value: string }[]
  readonly startupProbe: Probe
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
  readonly resources: { readonly requests: object; readonly limits: object }
  readonly securityContext: { readonly readOnlyRootFilesystem: boolean }
}

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly stringData?: Variables
  readonly spec: {
    readonly selector?: { readonly matchLabels?: Variables }
    readonly podSelector?: { readonly matchLabels: Variables }
    readonly scaleTargetRef?: { readonly name: string }
    readonly ports?: readonly { readonly name: string; readonly port: number; readonly targetPort: string }[]
    readonly ingress?: readonly { readonly ports: readonly { readonly port: string }[] }[]
    readonly rules?: readonly {
      readonly http: { readonly paths: readonly { readonly backend: { readonly service: Backend } }[] }
    }[]
    readonly template?: {
      readonly metadata: { readonly labels: Variables }
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly securityContext: { readonly runAsNonRoot: boolean }
        readonly containers: readonly Container[]
      }
    }
  }
}

interface Backend {
  readonly name: string
  readonly port: { readonly name: string }
}

interface Kustomization {
  readonly resources?: readonly string[]
  readonly patches?: readonly { readonly path?: string; readonly target?: { readonly name: string } }[]
  readonly images?: readonly { readonly name: string }[]
  readonly replicas?: readonly { readonly name: string }[]
  readonly configMapGenerator?: readonly {
    readonly name: string
    readonly literals?: readonly string[]
    readonly files?: readonly string[]
    readonly envs?: readonly string[]
  }[]
}

const BASE = [
  'kubernetes/base/api.yaml',
  'kubernetes/base/edge.yaml',
  'kubernetes/base/network-policies.yaml',
]

test('the replicas get variables that there are, with values that are taken', async (t) => {
  const literals = (await kustomization('kubernetes/base')).configMapGenerator?.[0]?.literals ?? []
  const settings = Object.fromEntries(
    literals.map((text) => text.split(/=(.*)/s).slice(0, 2) as [string, string]),
  )
  const [secret] = (await readYaml('kubernetes/secret.example.yaml')) as Manifest[]
  const variables = { ...settings, ...secret?.stringData }
  t.same(
    Object.keys(variables).filter((name) => !(name in Environment.properties)),
    [],
  )
  const config = loadConfig(variables)
  t.ok(config.production)
  t.equal(config.host, '0.0.0.0')
  t.equal(config.couchdbUrls.length, 3)
  const { api } = await containers()
  t.same(api.ports, [{ name: 'http', containerPort: config.port }])
  const deployment = find(await manifests(), 'Deployment', 'photos-api')
  const grace = deployment.spec.template?.spec.terminationGracePeriodSeconds ?? 0
  t.ok(grace * 1000 > config.shutdownTimeoutMs + 5000, 'it may drain after its 5 s of preStop')
})

test('NGINX starts with the variables that it gets, and asks the Service of the replicas', async (t) => {
  const { edge } = await containers()
  const defaults = await nginxDefaults()
  const own = (edge.env ?? []).filter(({ name }) => name.startsWith('EDGE_'))
  t.same(
    own.filter(({ name }) => !(name in defaults)),
    [],
  )
  const variables = { ...defaults, ...Object.fromEntries(own.map(({ name, value }) => [name, value])) }
  await checkNginx(await temporaryDirectory(t), variables)
  const [, host, port] = /server ([\w.-]+):(\d+)/.exec(variables['EDGE_SERVERS'] ?? '') ?? []
  const [servicePort] = find(await manifests(), 'Service', host ?? '').spec.ports ?? []
  t.equal(`${servicePort?.port}`, port)
  t.same(edge.ports, [
    { name: 'http', containerPort: Number(variables['EDGE_LISTEN']) },
    { name: 'status', containerPort: Number(variables['EDGE_LISTEN_STATUS']) },
  ])
  const backend = find(await manifests(), 'Ingress', 'photos').spec.rules?.[0]?.http.paths[0]?.backend.service
  t.same(backend, { name: 'photos-edge', port: { name: 'http' } })
  const [policy] = find(await manifests(), 'NetworkPolicy', 'photos-edge').spec.ingress ?? []
  t.same(policy?.ports, [{ port: 'http' }], 'health and metrics are not for the outside')
})

test('every template is in a config map', async (t) => {
  const generators = (await kustomization('nginx')).configMapGenerator ?? []
  const inMaps = generators.flatMap(({ files = [] }) => files)
  t.same(
    [...inMaps].sort(),
    (await filesOf('nginx/templates')).map((name) => `templates/${name}`),
  )
})

test('probes ask what answers, at ports that are there, and nothing runs as root or without limits', async (t) => {
  const directory = await temporaryDirectory(t)
  const app = await buildApp({ config: loadConfig({ PHOTOS_DATA_DIR: directory, LOG_LEVEL: 'silent' }) })
  t.teardown(() => app.close())
  const { api, edge } = await containers()
  for (const { startupProbe, livenessProbe, readinessProbe, ports, resources, securityContext } of [
    api,
    edge,
  ]) {
    for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) {
      t.ok(ports.some(({ name }) => name === httpGet.port))
      t.equal((await app.inject(httpGet.path)).statusCode, 200, httpGet.path)
    }
    t.ok(Object.keys(resources.requests).length > 0 && Object.keys(resources.limits).length > 0)
    t.ok(securityContext.readOnlyRootFilesystem)
  }
  for (const { spec } of (await manifests()).filter(({ kind }) => kind === 'Deployment'))
    t.ok(spec.template?.spec.securityContext.runAsNonRoot)
})

test('the images are those of docker', async (t) => {
  const services = await composeServices('docker/compose.cluster.yaml')
  const { api, edge } = await containers()
  t.equal(api.image, services.get('api')?.image)
  t.equal(edge.image, services.get('nginx')?.image)
})

test('what one manifest says of another is so: selectors, targets, files, patches', async (t) => {
  const all = await manifests()
  const labels = all.flatMap(({ spec }) =>
    spec.template === undefined ? [] : [spec.template.metadata.labels],
  )
  const isChosen = (selector: Variables) =>
    labels.some((label) => Object.entries(selector).every(([name, value]) => label[name] === value))
  for (const { kind, metadata, spec } of all) {
    const selector = kind === 'Service' ? (spec.selector as Variables) : spec.selector?.matchLabels
    for (const chosen of [selector, spec.podSelector?.matchLabels])
      if (chosen !== undefined) t.ok(isChosen(chosen), `${kind} ${metadata.name}`)
    if (spec.scaleTargetRef !== undefined) t.ok(find(all, 'Deployment', spec.scaleTargetRef.name))
  }
  for (const kind of ['PodDisruptionBudget', 'HorizontalPodAutoscaler', 'NetworkPolicy', 'Service'])
    t.ok(find(all, kind, 'photos-api'), kind)

  const files = (await yamlFiles()).filter((name) => name.endsWith('/kustomization.yaml'))
  for (const folder of files.map(dirname)) {
    const {
      resources = [],
      patches = [],
      images = [],
      replicas = [],
      configMapGenerator = [],
    } = await kustomization(folder)
    const patchFiles = patches.flatMap(({ path }) => path ?? [])
    const generated = configMapGenerator.flatMap(({ files: of = [], envs = [] }) => [...of, ...envs])
    for (const name of [...resources, ...patchFiles, ...generated])
      t.ok(existsSync(join(INFRA, folder, name)), `${folder}: ${name}`)
    const names = all.map(({ metadata }) => metadata.name)
    for (const { name } of [...replicas, ...patches.flatMap(({ target }) => target ?? [])])
      t.ok(names.includes(name), `${folder}: ${name}`)
    for (const { name } of images) t.equal(name, (await containers()).api.image)
  }
})

async function manifests(): Promise<Manifest[]> {
  return (await Promise.all(BASE.map(readYaml))).flat() as Manifest[]
}

async function kustomization(folder: string): Promise<Kustomization> {
  return (await readYaml(`${folder}/kustomization.yaml`))[0] as Kustomization
}

async function containers(): Promise<{ readonly api: Container; readonly edge: Container }> {
  const all = await manifests()
  const containerOf = (name: string) => {
    const [container] = find(all, 'Deployment', name).spec.template?.spec.containers ?? []
    if (container === undefined) throw new Error(`${name} has no container`)
    return container
  }
  return { api: containerOf('photos-api'), edge: containerOf('photos-edge') }
}

/** @throws Error if there is none */
function find(all: readonly Manifest[], kind: string, name: string): Manifest {
  const found = all.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`)
  return found
}
