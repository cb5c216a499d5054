import { encodePhotos, NEVER_WRITTEN, type WorkspaceContent } from 'photos-domain'
import { contentOf, EMPTY, numbered, photoOf, put, receiptsOf } from '../fixtures.js'
import { sameBytes, sameRecord } from '../outcomes.js'
import type { Rules } from '../store-under-test.js'

/** Descriptions that do not survive a careless conversion of text. */
const DELICATE_TEXTS: Readonly<Record<string, string>> = {
  'one to four bytes a character': 'aé€😀',
  'composed and decomposed': '\u00e9 e\u0301',
  'joined emoji and a byte order mark': '👩\u200d👩\u200d👧 \ufeff',
  'quotes and backslashes': '"}, {"id":"not-a-photo"} \\" \\\\"}',
  'control characters and line separators': '\u0000\u0001\b\t\n\r\u001f\u007f\u0085\u2028\u2029',
  'like an escape sequence': '\\u00e9 &eacute; %C3%A9 <script>',
  'white space around it': '  two  spaces  ',
}

export const bytesRules: Rules = {
  'what was written is read back byte for byte': async (t, { repository }) => {
    for (const [what, description] of Object.entries(DELICATE_TEXTS)) {
      const content: WorkspaceContent = { photos: encodePhotos([photoOf('p', description)]) }
      const written = await put(repository, 'w', content)
      sameRecord(t, await repository.read('w'), written, what)
      sameRecord(t, await repository.read('w', { fresh: true }), written, `${what}, fresh`)
    }
  },

  'receipts are read back byte for byte, and are gone when the next write has none': async (
    t,
    { repository },
  ) => {
    const receipts = receiptsOf('key-1', 'clé "2" 😀')
    const withReceipts = await put(repository, 'w', { ...contentOf('p'), receipts })
    sameRecord(t, await repository.read('w'), withReceipts, 'with photos')
    const onlyReceipts = await put(repository, 'w', { ...EMPTY, receipts })
    sameRecord(t, await repository.read('w'), onlyReceipts, 'without photos')
    const without = await put(repository, 'w', { ...contentOf('p'), receipts: undefined })
    sameRecord(t, await repository.read('w'), without, 'written without')
    sameRecord(t, await repository.read('w', { fresh: true }), without, 'written without, fresh')
  },

  'a record may hold a thousand photos, or a megabyte': async (t, { repository }) => {
    const thousand = await put(repository, 'thousand', contentOf(...numbered('p', 1000)))
    const description = 'é'.repeat(2000)
    const large = encodePhotos(numbered('p', 270).map((id) => photoOf(id, description)))
    const megabyte = await put(repository, 'megabyte', {
      photos: large,
      receipts: receiptsOf(...numbered('key', 100)),
    })
    t.ok(large.length > 1024 * 1024, 'the record is larger than a megabyte')
    sameRecord(t, await repository.read('thousand'), thousand, 'a thousand photos')
    sameRecord(t, await repository.read('megabyte'), megabyte, 'a megabyte')
  },

  'of a view only what it shows is written': async (t, { repository }) => {
    const { photos } = contentOf('p', 'q')
    const receipts = receiptsOf('key')
    const buffer = new Uint8Array([...photos, ...receipts, ...photos])
    const content: WorkspaceContent = {
      photos: buffer.subarray(0, photos.length),
      receipts: buffer.subarray(photos.length, photos.length + receipts.length),
    }
    const version = await repository.write('w', content, NEVER_WRITTEN)
    sameRecord(t, await repository.read('w'), { photos, receipts, version }, 'read back')
  },

  'a record that was read keeps its bytes, whatever is read and written after it': async (
    t,
    { repository },
  ) => {
    const receipts = receiptsOf('key')
    const written = await put(repository, 'w', { ...contentOf('before'), receipts })
    const record = await repository.read('w')
    const fresh = await repository.read('w', { fresh: true })
    // Other content of the same size is what a buffer that is used again would show.
    await put(repository, 'w', { ...contentOf('after-'), receipts: receiptsOf('kez') })
    for (const workspaceId of numbered('other', 20)) {
      await put(repository, workspaceId, { ...contentOf('others'), receipts: receiptsOf('kex') })
      await repository.read(workspaceId)
      await repository.read(workspaceId, { fresh: true })
    }
    sameBytes(t, record.photos, written.photos, 'photos')
    sameBytes(t, record.receipts, receipts, 'receipts')
    sameBytes(t, fresh.photos, written.photos, 'photos, fresh')
    sameBytes(t, fresh.receipts, receipts, 'receipts, fresh')
  },
}
