import { createFileRoute } from '@tanstack/react-router'
import { HomeScreen } from '../-components/home-screen.tsx'

export const Route = createFileRoute('/_workspace/')({ component: HomeScreen })
