import { defineStore } from 'pinia'
import { computed, shallowRef, triggerRef } from 'vue'
import type { InviteView } from '../../shared/model/chat.ts'
import type { InviteId } from '../../shared/model/ids.ts'
import type { Api } from '../api.ts'

export const useInvitesStore = defineStore('invites', () => {
  const invites = shallowRef(new Map<InviteId, InviteView>())
  /** Waiting for somebody, newest first. */
  const open = computed(() =>
    [...invites.value.values()]
      .filter((invite) => invite.state === 'open')
      .sort((a, b) => b.createdAtMs - a.createdAtMs),
  )

  function byId(inviteId: InviteId): InviteView | undefined {
    return invites.value.get(inviteId)
  }
  function put(invite: InviteView): void {
    invites.value.set(invite.inviteId, invite)
    triggerRef(invites)
  }

  async function load(api: Api): Promise<void> {
    const reply = await api.call('invites.list', {})
    if (reply.ok) invites.value = new Map(reply.value.map((invite) => [invite.inviteId, invite]))
  }
  function connect(api: Api): void {
    api.on('invite.changed', put)
  }

  return { open, byId, put, load, connect }
})
