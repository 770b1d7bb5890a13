package vn.example.eid

import vn.example.eid.core.EidException

/** The stable number of the cause: `errorText` says what the citizen does now. */
public val EidException.code: UInt
    get() = when (this) {
        is EidException.Locked -> code
        is EidException.AuthFailed -> code
        is EidException.UserCancelled -> code
        is EidException.Invalid -> code
        is EidException.NotFound -> code
        is EidException.Conflict -> code
        is EidException.Expired -> code
        is EidException.Rejected -> code
        is EidException.Network -> code
        is EidException.Device -> code
        is EidException.Storage -> code
        is EidException.Internal -> code
    }
