import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { createI18n } from 'vue-i18n'
import { account } from '../i18n/en/account.ts'
import type { Validated } from './focusable.ts'
import NewPassphrase from './NewPassphrase.vue'

function mountFields() {
  const i18n = createI18n({ legacy: false, locale: 'en', messages: { en: { account } } })
  const fields = mount(NewPassphrase, {
    props: {
      label: 'Passphrase',
      modelValue: '',
      'onUpdate:modelValue': (modelValue: string) => fields.setProps({ modelValue }),
    },
    global: { plugins: [i18n] },
    attachTo: document.body,
  })
  const validate = async (): Promise<boolean> => {
    const answer = (fields.vm as unknown as Validated).validate()
    await nextTick()
    return answer
  }
  const input = (testid: string) => fields.get<HTMLInputElement>(`[data-testid="${testid}"]`)
  return { fields, validate, first: () => input('passphrase-input'), second: () => input('passphrase-repeat') }
}

/** What a screen reader reads after the label of this field. */
function description(element: HTMLInputElement): string {
  const id = element.getAttribute('aria-describedby')
  return id === null ? '' : (document.getElementById(id)?.textContent ?? '')
}

describe('a new passphrase', () => {
  it('is not called wrong before it was checked', async () => {
    const { fields, first } = mountFields()
    await first().setValue('short')
    expect(first().attributes('aria-invalid')).toBe('false')
    expect(fields.find('[role="alert"]').exists()).toBe(false)
    fields.unmount()
  })

  it('says how long it has to be, beside its field, and takes the focus there', async () => {
    const { fields, validate, first } = mountFields()
    await first().setValue('short')
    expect(await validate()).toBe(false)
    expect(description(first().element)).toBe('Use at least 8 characters.')
    expect(first().attributes('aria-invalid')).toBe('true')
    expect(document.activeElement).toBe(first().element)
    fields.unmount()
  })

  it('leads to the repetition when only that differs, and agrees once it matches', async () => {
    const { fields, validate, first, second } = mountFields()
    await first().setValue('harbour lantern')
    await second().setValue('harbour lanterns')
    expect(await validate()).toBe(false)
    expect(description(second().element)).toBe('The two don’t match. Type it again.')
    expect(document.activeElement).toBe(second().element)
    await second().setValue('harbour lantern')
    expect(fields.find('[role="alert"]').exists()).toBe(false)
    expect(await validate()).toBe(true)
    fields.unmount()
  })

  it('is hidden until asked for', async () => {
    const { fields, first } = mountFields()
    expect(first().attributes('type')).toBe('password')
    await fields.get('[data-testid="passphrase-show"]').trigger('click')
    expect(first().attributes('type')).toBe('text')
    fields.unmount()
  })
})
