import cluster from 'node:cluster'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { type Labels, latencyText, registerCacheMetrics } from '../metrics/cache-metrics.js'

/**
 * GET /metrics in Prometheus's text format (https://prometheus.io/docs/instrumenting/exposition_formats/): the process and the
 * cache. The cache counts for itself, and is asked only when somebody looks. One of several replicas of a port answers for itself, with
 * its number as the label `replica`.
 */
export const metrics = fp(
  async (app: FastifyInstance) => {
    const labels: Labels = cluster.worker === undefined ? {} : { replica: `${cluster.worker.id}` }
    const cache = app.hasDecorator('photoCache') ? app.photoCache : undefined
    const registry = new Registry()
    registry.setDefaultLabels(labels)
    collectDefaultMetrics({ register: registry })
    if (cache !== undefined) registerCacheMetrics(registry, () => cache.metrics())
    app.get(
      '/metrics',
      { schema: { tags: ['health'], summary: 'Metrics for Prometheus' } },
      async (_, reply) => {
        const latencies = cache === undefined ? '' : latencyText(cache.metrics(), labels)
        const text = (await registry.metrics()) + latencies
        return reply.header('cache-control', 'no-store').type(registry.contentType).send(text)
      },
    )
  },
  { name: 'metrics', dependencies: ['photo-service'], fastify: '5.x' },
)
