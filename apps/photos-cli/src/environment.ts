import { type Config, loadConfig } from 'photos-api/config'

/**
 * The configuration that the service would start with here: environment variables over the `.env` file.
 * @throws ConfigError naming every variable that is wrong
 */
export function readConfig(): Config {
  return loadConfig(process.env, { dotenv: true })
}
