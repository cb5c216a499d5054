export { type AppOptions, buildApp, photosApp } from './app.js'
export { type Config, ConfigError, Environment, type LoadConfigOptions, loadConfig } from './config.js'
