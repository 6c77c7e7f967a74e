import { connectApi } from './api.ts'
import { mountWindow } from './mount-window.ts'

void mountWindow(connectApi(window.parley, window))
