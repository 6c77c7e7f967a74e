export const onboarding = {
  step: 'Step {step} of {count}',
  back: 'Back',
  points: {
    key: {
      title: 'No number, no account',
      text: 'You are a key made on this computer. Nobody hands it out and nobody can take it back.',
    },
    direct: {
      title: 'Straight to each other',
      text: 'Messages go from your computer to theirs. When one of you is away, relays hold them sealed.',
    },
    sealed: {
      title: 'Only you two can read it',
      text: 'Texts and files are encrypted before they leave.',
    },
  },
  name: {
    title: 'What should people call you?',
    text: 'Your contacts see this name beside your messages. You can change it whenever you like.',
    label: 'Name',
    continue: 'Continue',
    restore: 'Restore a backup',
    empty: 'Type a name first. A first name or a nickname will do.',
    tooLong: 'This name is too long. Shorten it a little.',
  },
  passphrase: {
    title: 'Choose a passphrase',
    text: 'This computer has no keychain that Parley can use, so a passphrase locks your messages. Parley asks for it at each start. Nobody can reset it for you.',
    continue: 'Continue',
    working: 'Locking…',
  },
  recovery: {
    title: 'Keep a way back',
    text: 'If this computer is lost or breaks, a recovery file brings you and your contacts back on another one. It opens only with your recovery key.',
    keyTitle: 'First, the recovery key',
    fileTitle: 'Then, the recovery file',
    fileText: 'Keep it on another drive, apart from the key.',
    done: 'Done',
    later: 'Later',
    laterText: 'You find both under Settings, Profile.',
  },
  restore: {
    title: 'Restore a backup',
    text: 'Choose the recovery file that you saved and type the recovery key that belongs to it. Your name and contacts come back. Messages stay on the computer they were written on.',
    file: 'Recovery file',
    choose: 'Choose a file',
    chooseOther: 'Choose another file',
    noFile: 'No file chosen yet',
    submit: 'Restore',
    working: 'Restoring…',
    fileMissing: 'Choose the recovery file first.',
  },
  locked: {
    title: 'Unlock Parley',
    text: 'Your messages on this computer are locked with your passphrase.',
    label: 'Passphrase',
    submit: 'Unlock',
    working: 'Unlocking…',
    empty: 'Type your passphrase first.',
  },
  keyGone: {
    title: 'Your recovery key is needed',
    text: 'The keychain entry that opens your messages is gone. Your messages are still here. Type your recovery key and Parley makes a new entry.',
    textWithPassphrase:
      'The keychain entry that opens your messages is gone, and this computer has no keychain now. Your messages are still here. Type your recovery key and choose a passphrase that opens them from now on.',
    submit: 'Open my messages',
    working: 'Opening…',
  },
  failed: {
    details: 'Details',
    open: {
      title: 'Parley is already open',
      text: 'Another Parley is using this profile. Switch to its window, or close it there and start Parley again.',
    },
    newer: {
      title: 'Made by a newer Parley',
      text: 'A newer Parley has used this profile, and this one can’t read it. Update Parley and open it again. Nothing was changed.',
    },
    damaged: {
      title: 'Your messages can’t be read',
      text: 'The file that holds them is damaged. Parley has left it as it is. Put a copy of the profile folder from a backup in its place, or start a new profile and restore your recovery file there.',
    },
    disk: {
      title: 'This computer’s disk is full',
      text: 'Parley can’t open your messages safely without free space. Free some space, then start Parley again. Nothing is lost.',
    },
    unreadable: {
      title: 'Parley may not read its folder',
      text: 'The profile folder is there, but this user may not read or change it. Give yourself access to it, then start Parley again.',
    },
    other: {
      title: 'Parley can’t open your profile',
      text: 'Something stops it from opening, and nothing was changed. Close Parley and start it again.',
    },
  },
}
