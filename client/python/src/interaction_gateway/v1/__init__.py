"""Generated from proto/interaction/v1/interaction_service.proto by tools/generate-clients."""
