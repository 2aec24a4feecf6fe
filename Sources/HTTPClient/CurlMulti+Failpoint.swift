#if ROLLBACKD_FAILPOINTS
  internal import CLibcurl
  internal import Failpoints

  extension CurlMulti {
    /// What is planned for a PATCH whose last byte has just left; an error is the loss of the connection before the
    /// answer.
    func befallSentPatches() {
      for transfer in transfers.values where transfer.hasJustSentPatch() {
        do throws(FailpointError) {
          try Failpoint.patchSent.reachBlocking()
        } catch {
          remove(transfer)
          onFinished(
            transfer, HTTPClientError(code: .connectionLost, message: "\(error)", mayHaveReachedServer: true))
        }
      }
    }
  }

  extension CurlTransfer {
    /// True once, when the whole body has left and no byte of an answer has come.
    func hasJustSentPatch() -> Bool {
      guard patchSize > 0, bytesReceived == 0 else { return false }
      var sent: curl_off_t = 0
      guard clibcurl_easy_getinfo_offset(easy, CURLINFO_SIZE_UPLOAD_T, &sent) == CURLE_OK, sent >= patchSize else {
        return false
      }
      patchSize = 0
      return true
    }
  }
#endif
