import type { ChangesOptions, PhotosErrorCode, ScanOptions, WorkspaceContent } from 'photos-domain'

/** What a test asks of a process that has repositories (processes/host.ts). Repositories and iterations have numbers. */
export type Call =
  | { readonly method: 'open'; readonly repository: number; readonly path: string }
  | { readonly method: 'ready' | 'status' | 'close'; readonly repository: number }
  | { readonly method: 'read'; readonly repository: number; readonly workspaceId: string }
  | {
      readonly method: 'write'
      readonly repository: number
      readonly workspaceId: string
      readonly content: WorkspaceContent
      readonly expected: string
    }
  | IterationCall
  | { readonly method: 'next' | 'return' | 'abort'; readonly iteration: number }

export type IterationCall =
  | {
      readonly method: 'changes'
      readonly repository: number
      readonly iteration: number
      readonly options: ChangesOptions
    }
  | {
      readonly method: 'scan'
      readonly repository: number
      readonly iteration: number
      readonly options: ScanOptions
    }

export interface Request {
  readonly id: number
  readonly call: Call
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly code: PhotosErrorCode; readonly message: string }
